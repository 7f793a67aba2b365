// The control plane of limits, below `/admin/v1/quotas`: where counters stand, and raises for a while. The server has authorised before.
import type { IncomingMessage } from 'node:http'
import { GatewayError, type Hooks, type Host, type Raise } from '../../core/plugin/index.ts'
import { showCounters, showMoney } from './show-counters.ts'
import { readRaise } from './read-raise.ts'
import { WrittenLimits } from './written-limits.ts'
import type { QuotaService } from './enact.ts'

const MAX_BODY_BYTES = 16 * 1024

export function quotaRoutes(service: QuotaService, host: Host): NonNullable<Hooks['routes']> {
  const { raises } = host.state
  return (router) => {
    router.get('/quotas', async (request, response) => {
      response.json(await showCounters(service, await WrittenLimits.read(host), request.query))
    })
    router.get('/quotas/raises', async (_request, response) => {
      response.json({ object: 'list', data: (await raises.list()).map(showRaise) })
    })
    router.post('/quotas/raises', async (request, response) => {
      const actor = String(response.locals.actor)
      const asked = readRaise(await readJson(request), host, host.clock.now())
      const raise = { ...asked, id: host.newId('raise'), by: actor }
      // First the event: what is not recorded is not changed.
      await host.adminEvent({ ...eventOf(raise, actor, ipOf(response)), action: 'quota raised', after: JSON.stringify(showRaise(raise)) })
      await raises.put(raise)
      service.raises.forget()
      response.status(201).json(showRaise(raise))
    })
    router.delete('/quotas/raises/:id', async (request, response) => {
      const raise = (await raises.list()).find(({ id }) => id === request.params.id)
      if (!raise) throw new GatewayError('unknown_endpoint', { message: 'There is no such raise, or it has ended.' })
      const actor = String(response.locals.actor)
      await host.adminEvent({
        ...eventOf(raise, actor, ipOf(response)),
        action: 'quota raise ended',
        before: JSON.stringify(showRaise(raise)),
      })
      await raises.remove(raise.id)
      service.raises.forget()
      response.json({ ...showRaise(raise), ended: true })
    })
  }
}

function showRaise({ id, tenant, policy, unit, add, until, by, reason }: Raise): { readonly [name: string]: string | number | null } {
  return {
    object: 'sallyport.quota_raise',
    id,
    tenant,
    policy,
    unit: unit ?? null,
    add: unit === 'money' ? showMoney(add) : add,
    until: new Date(until).toISOString(),
    by,
    reason,
  }
}

function eventOf({ tenant, policy }: Raise, actor: string, ip: string | undefined) {
  return { tenant, actor, target: policy, ...(ip === undefined ? {} : { ip }) }
}

function ipOf({ locals }: { readonly locals: { readonly [name: string]: unknown } }): string | undefined {
  return typeof locals['ip'] === 'string' ? locals['ip'] : undefined
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new GatewayError('body_too_large', { message: `A raise takes at most ${MAX_BODY_BYTES} bytes.` })
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new GatewayError('invalid_request', { message: 'The body must be a JSON object.' })
  }
}
