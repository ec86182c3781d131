// Vite loads style sheets as modules.
declare module '*.css'
