/** @type {import('jest').Config} */
module.exports = {
  transform: {
    '\\.ts$': 'ts-jest',
    '\\.js$': ['ts-jest', { tsconfig: { allowJs: true, module: 'commonjs', target: 'es2022' } }],
  },
  // These packages are ES modules. Jest transforms nothing in node_modules by default.
  transformIgnorePatterns: ['/node_modules/(?!(\\.pnpm|@resource-server|jose)/)'],
}
