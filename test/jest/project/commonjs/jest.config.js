/** @type {import('jest').Config} */
module.exports = {
  transform: {
    '\\.js$': [
      'babel-jest',
      {
        plugins: [
          '@babel/plugin-transform-modules-commonjs',
          '@babel/plugin-transform-dynamic-import',
        ],
      },
    ],
  },
  // These packages are ES modules. Jest transforms nothing in node_modules by default.
  transformIgnorePatterns: ['/node_modules/(?!(\\.pnpm|@resource-server|jose)/)'],
}
