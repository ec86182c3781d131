import { Router } from '@koa/router'
import Koa from 'koa'
import compose from 'koa-compose'

const router = new Router()
router.get('/orders', (ctx) => {
  ctx.body = {}
})

export const app = new Koa()
app.use(compose([router.routes(), router.allowedMethods()]))
