// `GET /v1/models`: only what this key may use.
import { Router, type Request, type Response } from 'express'
import { GatewayError } from '../errors/gateway-error.ts'
import { identifyCaller } from '../pipeline/identify.ts'
import { modelBody, modelListBody } from '../wire/models.ts'
import { nearest } from '../model/nearest.ts'
import { sendError } from './hot.ts'
import type { Gateway } from './gateway.ts'
import type { Model } from '../model/directory.ts'

export function modelsRouter(gateway: Gateway): Router {
  const router = Router()
  router.get('/', (request, response) => answer(gateway, request, response, (models) => modelListBody(models.map(({ name }) => name))))
  router.get('/:id', (request, response) =>
    answer(gateway, request, response, (models) => {
      const model = models.find(({ name }) => name === request.params.id)
      return model ? modelBody(model.name) : notFound(request.params.id, models)
    }),
  )
  return router
}

function notFound(name: string, models: readonly Model[]): GatewayError {
  const meant = nearest(
    name,
    models.map((model) => model.name),
  )
  const message = `There is no model "${name}" for this key.${meant === null ? '' : ` Did you mean "${meant}"?`}`
  return new GatewayError('model_not_found', { message })
}

async function answer(gateway: Gateway, request: Request, response: Response, body: (models: readonly Model[]) => object): Promise<void> {
  const models = await usableModels(gateway, request)
  const result = models instanceof GatewayError ? models : body(models)
  if (result instanceof GatewayError) return sendError(response, { dialect: 'openai-chat' }, result)
  response.json(result)
}

async function usableModels(gateway: Gateway, request: Request): Promise<readonly Model[] | GatewayError> {
  const snapshot = gateway.current
  const principal = await identifyCaller(snapshot, NO_LEDGER, {
    clientIp: gateway.clientIp(request),
    header: (name) => request.get(name) ?? null,
    scope: null,
  })
  if (principal instanceof GatewayError) return principal
  const { directory } = snapshot.loaded
  return [...directory.models.values()].filter(
    ({ name, active }) => active && (principal.models === null || principal.models.includes(name)),
  )
}

const NO_LEDGER = { addTime() {}, skipped() {} }
