/** Koa 2 under its alias. The tests use only members that have the same types in Koa 3. */
declare module 'koa-2' {
  import Koa = require('koa')
  export = Koa
}
