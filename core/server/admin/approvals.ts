// Requests that wait for consent: who asks for what, and the verdict. The content is not here, only its hash; the first verdict stands.
import { Router, type Request, type Response } from 'express'
import { GatewayError } from '../../errors/gateway-error.ts'
import { noteChange } from './note.ts'
import { sendError } from '../hot.ts'
import type { Approval } from '../../model/state.ts'
import type { Gateway } from '../gateway.ts'

export function approvalsRouter(gateway: Gateway): Router {
  const router = Router()
  const { approvals } = gateway.kernel.state
  router.get('/', async (_request, response) => void response.json({ object: 'list', data: (await approvals.list()).map(shown) }))
  router.get('/:id', async (request, response) => {
    const approval = await approvals.find(request.params.id)
    if (approval) response.json(shown(approval))
    else unknown(response)
  })
  router.post('/:id/approve', (request, response) => decide(gateway, request, response, 'approved'))
  router.post('/:id/reject', (request, response) => decide(gateway, request, response, 'rejected'))
  return router
}

async function decide(
  gateway: Gateway,
  request: Request<{ id: string }>,
  response: Response,
  verdict: 'approved' | 'rejected',
): Promise<void> {
  const { kernel } = gateway
  const approval = await kernel.state.approvals.decide(request.params.id, verdict, String(response.locals.actor), kernel.clock.now())
  if (!approval) return unknown(response)
  await noteChange(gateway, request, response, {
    tenant: approval.tenant,
    action: `approval ${verdict}`,
    target: approval.id,
    before: 'pending',
    after: approval.state,
    result: approval.state === verdict ? 'ok' : 'refused',
  })
  response.status(approval.state === verdict ? 200 : 409).json(shown(approval))
}

function shown({ id, tenant, keyId, contentHash, policy, approvers, state, createdAt, expiresAt, decidedBy, decidedAt }: Approval): object {
  return {
    object: 'sallyport.approval',
    id,
    tenant,
    key_id: keyId,
    content_hash: contentHash,
    policy,
    approvers,
    state,
    created_at: new Date(createdAt).toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
    decided_by: decidedBy,
    decided_at: decidedAt === null ? null : new Date(decidedAt).toISOString(),
  }
}

function unknown(response: Response): void {
  const error = new GatewayError('unknown_endpoint', { message: 'There is no such approval, or it has expired.' })
  sendError(response, { dialect: 'openai-chat' }, error)
}
