import { resourceServer } from '@resource-server/express'
import cors from 'cors'
import express from 'express-4'
import { addRoutes } from './express-routes.mjs'

export const createApp = async () => addRoutes({ express, cors, resourceServer, splat: '*' })
