// Who changed what: the row of `admin_events` behind every change.
import type { Request, Response } from 'express'
import type { AdminEvent } from '../../plugin/contract.ts'
import type { Gateway } from '../gateway.ts'

type Change = Omit<AdminEvent, 'actor' | 'tenant'> & { readonly tenant?: string }

/** Resolves when it is written; rejects when the record takes nothing, and then nothing should have been changed. */
export function noteChange(gateway: Gateway, request: Request, response: Response, change: Change): Promise<void> {
  const { kernel } = gateway
  return kernel.record.adminEvent({
    ts: kernel.clock.now(),
    tenant: '',
    actor: String(response.locals.actor),
    ip: gateway.clientIp(request),
    before: '',
    after: '',
    result: 'ok',
    ...change,
  })
}
