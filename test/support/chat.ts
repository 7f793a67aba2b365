// Plain requests to a gateway, for tests that look at bytes and headers and not at an SDK.

export interface ChatOptions {
  readonly headers?: { readonly [name: string]: string }
  readonly signal?: AbortSignal
}

/** POSTs a chat completion; `body` adds to or replaces the defaults. */
export function postChat(gateway: { readonly url: string }, key: string, body: object, options: ChatOptions = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...options.headers },
    body: JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content: 'hello' }], ...body }),
    ...(options.signal ? { signal: options.signal } : {}),
  })
}

export const user = (content: string): object => ({ messages: [{ role: 'user', content }] })

export async function errorCode(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code
}

export async function answerText(response: Response): Promise<string> {
  const body = (await response.json()) as { choices: { message: { content: string } }[] }
  return body.choices[0]!.message.content
}

export interface StreamSeen {
  /** Visible text of choice 0. */
  readonly text: string
  /** Tool-call arguments of choice 0, first tool. */
  readonly arguments: string
  readonly error: { readonly code: string } | null
  readonly done: boolean
}

/** Reads an SSE answer to its end. */
export async function readStream(response: Response): Promise<StreamSeen> {
  const raw = await response.text()
  let text = ''
  let args = ''
  let error: StreamSeen['error'] = null
  let done = false
  for (const line of raw.split('\n')) {
    if (!line.startsWith('data: ')) continue
    if (line === 'data: [DONE]') {
      done = true
      continue
    }
    const event = JSON.parse(line.slice(6)) as {
      error?: { code: string }
      choices?: { delta: { content?: string | null; tool_calls?: { function?: { arguments?: string } }[] } }[]
    }
    if (event.error) error = event.error
    text += event.choices?.[0]?.delta.content ?? ''
    args += event.choices?.[0]?.delta.tool_calls?.[0]?.function?.arguments ?? ''
  }
  return { text, arguments: args, error, done }
}
