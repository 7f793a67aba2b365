// Takes the body in, parses it once in the client's dialect, and gathers what the policies will judge.
import { hash } from 'node:crypto'
import { GatewayError } from '../errors/gateway-error.ts'
import { checkClaims } from './claims.ts'
import { ContentScan } from '../policy/content-scan.ts'
import { placeOf } from './identify.ts'
import { isPromise } from '../model/maybe-promise.ts'
import { Judge } from '../policy/judge.ts'
import { wireFor } from '../wire/index.ts'
import type { Exchange } from './exchange.ts'
import type { ExchangeView } from '../plugin/contract.ts'
import type { Principal } from '../model/principal.ts'

/** An exchange that can be judged. */
export interface Received {
  readonly view: ExchangeView
  readonly judge: Judge
  readonly prompt: ContentScan
}

export async function receive(exchange: Exchange, principal: Principal): Promise<Received | GatewayError> {
  exchange.principal = principal
  const place = placeOf(exchange, principal)
  const badClaim = checkClaims((name) => exchange.incoming.header(name))
  const bodyOrPending = exchange.incoming.readBody()
  const body = isPromise(bodyOrPending) ? await bodyOrPending : bodyOrPending
  if (body instanceof GatewayError) return body
  exchange.requestHash = hash('sha256', body)
  if (place instanceof GatewayError) return place
  if (badClaim) return badClaim

  const request = wireFor(exchange.incoming.governed.dialect).parse(body)
  if (request instanceof GatewayError) return request
  exchange.request = request
  const { bound, loaded } = exchange.snapshot
  const view: ExchangeView = {
    id: exchange.id,
    receivedAt: exchange.receivedAt,
    principal,
    tenant: place.tenant,
    feature: place.feature,
    claims: exchange.claims,
    client: { ip: exchange.incoming.clientIp, userAgent: exchange.incoming.header('user-agent') ?? '' },
    request,
    promptTokens: exchange.kernel.estimator.tokens(request.model, body.length),
    directory: loaded.directory,
  }
  exchange.view = view
  const prompt = new ContentScan(bound.detection, request.parts, bound.scanDeadlineMs)
  exchange.prompt = prompt
  return { view, judge: new Judge(bound, exchange), prompt }
}
