import { resourceServer } from '@resource-server/express'
import cors from 'cors'
import express from 'express'
import { addRoutes } from './express-routes.mjs'

export const createApp = () => addRoutes({ express, cors, resourceServer, splat: '*rest' })
