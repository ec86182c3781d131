/** Koa 2 under its alias. What the tests use of it has the types of Koa 3. */
declare module 'koa-2' {
  import Koa = require('koa')
  export = Koa
}
