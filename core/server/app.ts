// Everything that is not hot: health, metrics, the list of models, the control plane. Express, because convenience is worth more here.
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { adminRouter } from './admin/index.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { modelsRouter } from './models.ts'
import { sendError } from './hot.ts'
import type { Gateway } from './gateway.ts'

export function buildApp(gateway: Gateway): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }))
  app.get('/readyz', (_request, response) => readiness(gateway, response))
  app.get(
    '/metrics',
    async (_request, response) => void response.type('text/plain; version=0.0.4').send(await gateway.options.metricsText()),
  )
  app.use('/v1/models', modelsRouter(gateway))
  app.use('/admin/v1', adminRouter(gateway))
  app.use((request: Request, response: Response) => {
    sendError(
      response,
      { dialect: 'openai-chat' },
      new GatewayError('unknown_endpoint', { message: `There is no endpoint ${request.method} ${request.path}.` }),
    )
  })
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error)
    sendError(response, { dialect: 'openai-chat' }, asGatewayError(gateway, error))
  })
  return app
}

function asGatewayError(gateway: Gateway, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  if (error instanceof URIError || (error as { status?: number }).status === 400) return new GatewayError('invalid_request')
  gateway.kernel.log.error({ err: error }, 'a request outside the pipeline failed')
  return new GatewayError('upstream_error', { message: 'The gateway failed to handle the request.' })
}

/** Ready: a snapshot judges, the record takes frames, and nobody has asked to stop. Without a shared state all gateways are as good. */
function readiness(gateway: Gateway, response: Response): void {
  const { record, state } = gateway.kernel
  const checks = { record: record.available, state: state.health.available, draining: gateway.isDraining }
  const ready = checks.record && !checks.draining
  response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', ...checks, generation: gateway.current.generation })
}
