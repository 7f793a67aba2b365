// The control plane's rooms: policies and reload, approvals, keys, the bootstrap token, and what plugins mount. Every change is an `admin_events` row.
import { Router } from 'express'
import { approvalsRouter } from './approvals.ts'
import { changesNeedOperator, requireAdmin, requireRole } from './access.ts'
import { keysRouter } from './keys.ts'
import { noteChange } from './note.ts'
import { previewRouter } from '../preview.ts'
import type { Gateway } from '../gateway.ts'

export function adminRouter(gateway: Gateway): Router {
  const router = Router()
  router.use(requireAdmin(gateway), changesNeedOperator)
  router.get('/me', (_request, response) => void response.json({ id: response.locals.actor, role: response.locals.role }))
  router.get('/policies', (_request, response) => void response.json(policyState(gateway)))
  router.use('/policies/preview', previewRouter(gateway))
  router.use('/approvals', approvalsRouter(gateway))
  router.use('/keys', keysRouter(gateway))
  router.post('/reload', async (request, response) => {
    const before = gateway.current.bound.program.hash
    const report = await gateway.reload()
    const after = gateway.current.bound.program.hash
    await noteChange(gateway, request, response, {
      action: 'policy published',
      target: after,
      before,
      after,
      result: report.ok ? 'ok' : 'refused',
    })
    response.status(report.ok ? 200 : 422).json(report)
  })
  router.post('/token/rotate', requireRole(), async (request, response) => {
    await noteChange(gateway, request, response, { action: 'admin token rotated', target: 'bootstrap' })
    response.json({ object: 'sallyport.admin_token', token: gateway.options.adminToken.rotate() })
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
