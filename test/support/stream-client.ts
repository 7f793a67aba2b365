// Reads a streamed answer as a client does: every text of every choice put together, finish reasons, usage, error and end.
import { SseParser } from '../../core/model/sse.ts'

type Loose = ReturnType<typeof JSON.parse>

export interface ReadAnswer {
  /** By `<choice>/<member>`, `<choice>/tool<index>`, `<choice>/tool<index>.name`, `<choice>/function`; nested texts by their path. */
  readonly texts: { readonly [place: string]: string }
  readonly finish: { readonly [choice: string]: readonly string[] }
  /** Usage of each chunk that had one. */
  readonly usage: readonly object[]
  readonly error: { readonly code: string; readonly reason?: string; readonly policy?: string } | null
  /** Was `[DONE]` the last event? */
  readonly done: boolean
  readonly chunks: readonly Loose[]
}

export function readAnswer(bytes: Buffer | string): ReadAnswer {
  const payloads: string[] = []
  const parser = new SseParser((data) => payloads.push(data))
  parser.push(Buffer.from(bytes))
  parser.end()
  const done = payloads.at(-1) === '[DONE]'
  const chunks = payloads.filter((payload) => payload !== '[DONE]').map((payload) => JSON.parse(payload) as Loose)
  const texts: { [place: string]: string } = {}
  const finish: { [choice: string]: string[] } = {}
  const add = (place: string, text: string): void => void (texts[place] = (texts[place] ?? '') + text)
  for (const chunk of chunks) {
    for (const choice of chunk.choices ?? []) {
      if (typeof choice.finish_reason === 'string') (finish[choice.index] ??= []).push(choice.finish_reason)
      if (typeof choice.text === 'string') add(`${choice.index}/text`, choice.text)
      readDelta(String(choice.index ?? 0), choice.delta ?? {}, add)
    }
  }
  return {
    texts,
    finish,
    usage: chunks.filter(({ usage }) => usage).map(({ usage }) => usage as object),
    error: chunks.find(({ error }) => error)?.error ?? null,
    done,
    chunks,
  }
}

function readDelta(choice: string, delta: Loose, add: (place: string, text: string) => void): void {
  for (const name of Object.keys(delta)) {
    const value = delta[name]
    if (name === 'role') continue
    if (name === 'tool_calls') {
      for (const call of value ?? []) {
        add(`${choice}/tool${call.index}`, call.function?.arguments ?? call.custom?.input ?? '')
        if (call.function?.name) add(`${choice}/tool${call.index}.name`, call.function.name)
      }
    } else if (name === 'function_call') add(`${choice}/function`, value?.arguments ?? '')
    else eachText(value, `${choice}/${name}`, add)
  }
}

function eachText(value: Loose, place: string, add: (place: string, text: string) => void): void {
  if (typeof value === 'string') add(place, value)
  else if (Array.isArray(value)) value.forEach((item, i) => eachText(item, `${place}[${item?.index ?? i}]`, add))
  else if (value && typeof value === 'object') {
    for (const name of Object.keys(value)) if (name !== 'type' && name !== 'id') eachText(value[name], `${place}.${name}`, add)
  }
}
