// Speaks to a Presidio analyzer: `POST /analyze` with one text, answered with entities whose places are counted in code points.
// https://microsoft.github.io/presidio/api-docs/api-docs.html#tag/Analyzer
import * as http from 'node:http'
import * as https from 'node:https'
import type { Engine, Finding } from '../../core/plugin/index.ts'

export interface AnalyzerOptions {
  readonly endpoint: string
  readonly language: string
  readonly entities: { readonly [word: string]: string }
  readonly minScore: number
  /** Calls under way at once. */
  readonly maxConcurrent: number
}

interface Entity {
  readonly entity_type: string
  readonly start: number
  readonly end: number
  readonly score: number
}

/** An answer is bounded by the text it is about: entities with their explanations are some hundred bytes each. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
const ANSWER_BYTES_PER_CHAR = 64
const SHORTEST_BOUND_BYTES = 64 * 1024
const NONE: readonly Finding[] = []

/** Connections stay open between exchanges. Throws (rejects) when the analyzer cannot be reached, refuses, or answers something else. */
export function openAnalyzer(options: AnalyzerOptions): Engine['detect'] {
  const url = new URL(`${options.endpoint.replace(/\/+$/, '')}/analyze`)
  const transport = url.protocol === 'https:' ? https : http
  const agent = new transport.Agent({ keepAlive: true, maxSockets: options.maxConcurrent })

  async function analyze(text: string, wanted: ReadonlyMap<string, string>, signal: AbortSignal): Promise<readonly Finding[]> {
    const { language, minScore } = options
    const body = JSON.stringify({ text, language, entities: [...wanted.keys()], score_threshold: minScore })
    const entities = entitiesIn(await post(transport, url, agent, body, maxAnswerBytes(text), signal))
    return entities.length === 0 ? NONE : findingsOf(entities, text, wanted)
  }

  return async (texts, wanted, signal) => {
    const byEntity = new Map(wanted.flatMap((name) => entityOf(name, options.entities)))
    const different = [...new Set(texts)].filter((text) => text.trim() !== '')
    const found = await Promise.all(different.map((text) => analyze(text, byEntity, signal)))
    const byText = new Map(different.map((text, i) => [text, found[i]!]))
    return texts.map((text) => byText.get(text) ?? NONE)
  }
}

function entityOf(detector: string, entities: AnalyzerOptions['entities']): readonly (readonly [entity: string, detector: string])[] {
  const entity = entities[detector.slice(detector.indexOf('.') + 1)]
  return entity === undefined ? [] : [[entity, detector]]
}

function post(
  transport: typeof http | typeof https,
  url: URL,
  agent: http.Agent | https.Agent,
  body: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const request = transport.request(url, { method: 'POST', agent, signal, headers }, (reply) => {
      const chunks: Buffer[] = []
      let bytes = 0
      reply.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBytes) reply.destroy(new Error(`the Presidio analyzer answered with more than ${maxBytes} bytes`))
        else chunks.push(chunk)
      })
      reply.on('error', reject)
      reply.on('end', () => {
        if (reply.statusCode === 200) resolve(Buffer.concat(chunks).toString())
        else reject(new Error(`the Presidio analyzer answered with status ${reply.statusCode}`))
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

const maxAnswerBytes = (text: string): number => Math.min(MAX_ANSWER_BYTES, SHORTEST_BOUND_BYTES + text.length * ANSWER_BYTES_PER_CHAR)

function entitiesIn(answer: string): readonly Entity[] {
  const entities = JSON.parse(answer) as unknown
  if (!Array.isArray(entities) || !entities.every(isEntity))
    throw new Error('the Presidio analyzer answered with something that is no list of entities')
  return entities
}

function isEntity(value: unknown): value is Entity {
  if (typeof value !== 'object' || value === null) return false
  const { entity_type: type, start, end, score } = value as { readonly [name: string]: unknown }
  return typeof type === 'string' && Number.isInteger(start) && Number.isInteger(end) && typeof score === 'number'
}

function findingsOf(entities: readonly Entity[], text: string, wanted: ReadonlyMap<string, string>): readonly Finding[] {
  const place = unitsByCodePoint(text)
  return entities.flatMap(({ entity_type: type, start, end, score }): Finding[] => {
    const detector = wanted.get(type)
    if (detector === undefined) return []
    if (start < 0 || end <= start || place(end) > text.length) throw new Error('the Presidio analyzer named a place outside the text')
    return [{ detector, start: place(start), end: place(end), score: Math.min(1, Math.max(0, score)), checks: [] }]
  })
}

/** Python counts code points, we count UTF-16 units. */
function unitsByCodePoint(text: string): (codePoints: number) => number {
  if (!/[\ud800-\udbff][\udc00-\udfff]/.test(text)) return (codePoints) => codePoints
  const units: number[] = []
  for (let at = 0; at < text.length; at += text.codePointAt(at)! > 0xffff ? 2 : 1) units.push(at)
  units.push(text.length)
  return (codePoints) => units[codePoints] ?? Infinity
}
