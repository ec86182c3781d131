// The global augmentation, which is opt-in.
import '@resource-server/express/augment'
import { resourceServer } from '@resource-server/express'
import express from 'express'

const api = resourceServer({ issuer: 'https://as.example.com', audience: 'order-service' })
express().get('/orders', api.requireAuthentication(), (req, res) => {
  const subject: string = req.auth.subject
  res.json(subject)
})
