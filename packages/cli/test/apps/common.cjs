const { resourceServer } = require('@resource-server/express')
const express = require('express')

const api = resourceServer({ issuer: 'https://as.example.com', audience: 'a', log: 'off' })
const createApp = () =>
  express().get('/orders', api.requireAuthentication(), (_req, res) => res.json({}))

module.exports = { app: createApp(), createApp }
