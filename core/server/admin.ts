// The control plane's first rooms: the state of the policies, reload, and what plugins mount. Every change is an `admin_events` row.
import { createHash, timingSafeEqual } from 'node:crypto'
import { Router, type NextFunction, type Request, type Response } from 'express'
import { GatewayError } from '../errors/gateway-error.ts'
import { previewRouter } from './preview.ts'
import { sendError } from './hot.ts'
import type { Gateway } from './gateway.ts'

export function adminRouter(gateway: Gateway): Router {
  const router = Router()
  router.use((request: Request, response: Response, next: NextFunction) => {
    const role = roleOf(gateway, request)
    if (role === null)
      return sendError(
        response,
        { dialect: 'openai-chat' },
        new GatewayError('invalid_api_key', { resolution: 'Send the admin token as `Authorization: Bearer TOKEN`.' }),
      )
    if (request.method !== 'GET' && (role === 'viewer' || role === 'auditor')) {
      return sendError(
        response,
        { dialect: 'openai-chat' },
        new GatewayError('scope_missing', { message: `The role ${role} may only read.` }),
      )
    }
    response.locals.actor = role
    next()
  })
  router.get('/policies', (_request, response) => void response.json(policyState(gateway)))
  router.use('/policies/preview', previewRouter(gateway))
  router.post('/reload', async (request, response) => {
    const report = await gateway.reload()
    await noteChange(gateway, request, 'policy published', report.ok ? 'ok' : 'refused')
    response.status(report.ok ? 200 : 422).json(report)
  })
  // Plugins of the snapshot that answers now: a reload brings its own routers.
  router.use((request, response, next) => {
    const plugins = Router()
    for (const hook of gateway.current.plugins.routes) hook.call(plugins)
    plugins(request, response, next)
  })
  return router
}

function policyState({ current, lastError }: Gateway): object {
  const { bundle, hash } = current.bound.program
  return {
    generation: current.generation,
    hash,
    modules: bundle.modules,
    policies: bundle.policies.map(({ id, title, phases, mode, severity }) => ({ id, title, phases, mode, severity })),
    last_error: lastError,
  }
}

/** The bootstrap token is the owner; `admins:` of the configuration have the roles written there (hash: SHA-256 of the token, hex). */
function roleOf(gateway: Gateway, request: Request): string | null {
  const shown = /^bearer (.+)$/i.exec(request.get('authorization') ?? '')?.[1]
  if (shown === undefined) return null
  const hash = sha256(shown)
  if (timingSafeEqual(hash, sha256(gateway.options.adminToken))) return 'owner'
  const admin = gateway.current.loaded.admins.find((candidate) => {
    const stored = Buffer.from(candidate.hash, 'hex')
    return stored.length === hash.length && timingSafeEqual(hash, stored)
  })
  return admin?.role ?? null
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

async function noteChange(gateway: Gateway, request: Request, action: string, result: string): Promise<void> {
  await gateway.kernel.record.adminEvent({
    ts: gateway.kernel.clock.now(),
    tenant: '',
    actor: 'owner',
    ip: gateway.clientIp(request),
    action,
    target: gateway.current.bound.program.hash,
    before: '',
    after: '',
    result,
  })
}
