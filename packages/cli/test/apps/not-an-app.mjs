export const text = 'app'
