// Customer keys on the control plane. The secret of a key is in one answer only, that of its creation; hashes are in none.
import { Router, type Request, type Response } from 'express'
import { GatewayError } from '../../errors/gateway-error.ts'
import { KeyChanges, type KeyEvent, type MadeKey, type RecordKeyEvent, type ShownKey } from '../../state/key-changes.ts'
import { noteChange } from './note.ts'
import { readBody } from '../body.ts'
import type { Gateway } from '../gateway.ts'

const MAX_BODY_BYTES = 64 * 1024
const MAX_PAGE = 1000
const PAGE = 100
const QUERY: readonly string[] = ['tenant', 'status', 'limit', 'after']
const STATUSES: readonly string[] = ['active', 'rotating', 'expired', 'revoked', 'unreadable']

type Named = Request<{ id: string }>

export function keysRouter(gateway: Gateway): Router {
  const { kernel } = gateway
  const changes = new KeyChanges({
    keys: kernel.state.keys,
    directory: () => gateway.current.loaded.directory,
    pepper: () => gateway.options.secret('pepper'),
    now: () => kernel.clock.now(),
  })
  const recorder =
    (request: Request, response: Response): RecordKeyEvent =>
    (event: KeyEvent) =>
      noteChange(gateway, request, response, event)
  const router = Router()
  router.get('/', async (request, response) => void response.json(await listKeys(changes, request)))
  router.get('/:id', async (request: Named, response) => {
    const [shown] = await changes.show([await changes.find(request.params.id)])
    response.json(shown)
  })
  router.post('/', async (request, response) => {
    const made = await changes.create(await readJson(request), recorder(request as Request, response))
    response.status(201).json(await withSecret(changes, made))
  })
  router.patch('/:id', async (request: Named, response) => {
    const row = await changes.change(request.params.id, await readJson(request), recorder(request as Request, response))
    const [shown] = await changes.show([{ row, from: 'state' }])
    response.json(shown)
  })
  router.post('/:id/rotate', async (request: Named, response) => {
    const { old, ...made } = await changes.rotate(request.params.id, await readJson(request), recorder(request as Request, response))
    response.status(201).json({ ...(await withSecret(changes, made)), old_key_expires: old.expires })
  })
  router.post('/:id/revoke', async (request: Named, response) => {
    const row = await changes.revoke(request.params.id, recorder(request as Request, response))
    const [shown] = await changes.show([{ row, from: 'state' }])
    response.json(shown)
  })
  return router
}

async function withSecret(changes: KeyChanges, { row, secret }: MadeKey): Promise<ShownKey & { readonly key: string }> {
  const [shown] = await changes.show([{ row, from: 'state' }])
  return { ...shown!, key: secret }
}

/** Filters, then pages: `after` is the id of the last key of the page before. */
async function listKeys(changes: KeyChanges, request: Request): Promise<object> {
  const { tenant, status, limit, after } = readQuery(request)
  const all = await changes.list()
  const wanted = tenant === undefined ? all : all.filter(({ row }) => row.tenant === tenant)
  const start = after === undefined ? 0 : wanted.findIndex(({ row }) => row.id === after) + 1
  if (after !== undefined && start === 0) throw bad('after', 'names no key of this list; begin again without it')
  // The status is known only of what is shown, so it is looked for page by page.
  const data: ShownKey[] = []
  let next = start
  while (next < wanted.length && data.length < limit) {
    const page = wanted.slice(next, next + limit - data.length)
    next += page.length
    data.push(...(await changes.show(page)).filter((key) => status === undefined || key.status === status))
  }
  return { object: 'list', data, has_more: next < wanted.length, last_id: next > start ? wanted[next - 1]!.row.id : null }
}

interface Query {
  readonly tenant: string | undefined
  readonly status: string | undefined
  readonly limit: number
  readonly after: string | undefined
}

function readQuery({ query }: Request): Query {
  for (const [name, value] of Object.entries(query)) {
    if (!QUERY.includes(name)) throw bad('query', `there are ${QUERY.join(', ')}`)
    if (typeof value !== 'string') throw bad(name, 'may stand once')
  }
  const { tenant, status, limit = String(PAGE), after } = query as { readonly [name: string]: string | undefined }
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > MAX_PAGE) throw bad('limit', `must be a number from 1 to ${MAX_PAGE}`)
  if (status !== undefined && !STATUSES.includes(status)) throw bad('status', `must be one of ${STATUSES.join(', ')}`)
  return { tenant, status, limit: Number(limit), after }
}

/** Absent where nothing was sent. */
async function readJson(request: Request | Named): Promise<unknown> {
  const body = await readBody(request, MAX_BODY_BYTES)
  if (body instanceof GatewayError) throw body
  if (body.length === 0) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new GatewayError('invalid_request', { message: 'The body must be a JSON object.' })
  }
}

const bad = (param: string, message: string): GatewayError =>
  new GatewayError('invalid_request', { param, message: `\`${param}\`: ${message}.` })
