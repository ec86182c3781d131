/** Express 4 under its alias. The tests use only members that have the same types in Express 5. */
declare module 'express-4' {
  import express = require('express')
  export = express
}
