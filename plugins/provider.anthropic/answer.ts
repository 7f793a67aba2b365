// Messages answer -> chat completion, with its content view.
import { isArray, isObject, isText, objectsIn, parseOrUndefined } from './json.ts'
import { failureFrom, type Answer, type Json, type JsonObject, type Part, type UpstreamFailure } from '../../core/plugin/index.ts'
import { mergeUsage, usageBody } from './usage.ts'
import type { UpstreamReply } from '../../core/plugin/index.ts'

const FINISH_REASONS: { readonly [reason: string]: string } = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
}

export function finishReasonOf(stopReason: Json | undefined): string {
  return isText(stopReason) && Object.hasOwn(FINISH_REASONS, stopReason) ? FINISH_REASONS[stopReason]! : 'stop'
}

export function readAnswer(reply: UpstreamReply, nowSeconds: number): Answer | UpstreamFailure {
  const message = parseOrUndefined(reply.body.toString())
  if (!isObject(message) || message.type !== 'message' || !isArray(message.content)) {
    return failureFrom(reply, 'malformed', "the provider's answer is no message of Anthropic's API")
  }
  const blocks = objectsIn(message.content)
  const usage = mergeUsage(null, message.usage)
  const choice = { index: 0, message: chatMessage(blocks), logprobs: null, finish_reason: finishReasonOf(message.stop_reason) }
  const body: JsonObject = {
    id: message.id ?? '',
    object: 'chat.completion',
    created: nowSeconds,
    model: message.model ?? '',
    choices: [choice],
    ...(usage === null ? {} : { usage: usageBody(usage) }),
  }
  const calls = blocks.filter(isToolUse).length
  return { body, raw: null, parts: partsOf(choice.message), usage, finishReason: choice.finish_reason, choices: 1, toolCalls: calls }
}

export function isToolUse(block: JsonObject): boolean {
  return block.type === 'tool_use'
}

function chatMessage(blocks: readonly JsonObject[]): JsonObject {
  const join = (type: string, member: string): string =>
    blocks.map((block) => (block.type === type && isText(block[member]) ? block[member] : '')).join('')
  const text = join('text', 'text')
  const thinking = join('thinking', 'thinking')
  const calls = blocks.filter(isToolUse).map(({ id, name, input }): JsonObject => {
    return { id: id ?? '', type: 'function', function: { name: name ?? '', arguments: JSON.stringify(input ?? {}) } }
  })
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    ...(thinking === '' ? {} : { reasoning_content: thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
}

function partsOf(message: JsonObject): readonly Part[] {
  const parts: Part[] = []
  const path = ['choices', 0, 'message']
  const add = (location: Part['location'], text: Json | undefined, at: Part['path'], encoding: Part['encoding'] = 'text'): void => {
    if (isText(text) && text !== '') parts.push({ location, text, path: at, rewritable: true, encoding })
  }
  add('completion.text', message.content, [...path, 'content'])
  add('completion.reasoning', message.reasoning_content, [...path, 'reasoning_content'])
  objectsIn(message.tool_calls).forEach((call, i) => {
    add('completion.arguments', (call.function as JsonObject).name, [...path, 'tool_calls', i, 'function', 'name'])
    add('completion.arguments', (call.function as JsonObject).arguments, [...path, 'tool_calls', i, 'function', 'arguments'], 'json')
  })
  return parts
}
