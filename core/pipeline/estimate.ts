// Linear token estimates: bytes divided by what a token took so far for that model. A tokenizer never runs on the event loop.

const START_BYTES_PER_TOKEN = 4
const LEARNING_RATE = 0.05
const MAX_MODELS = 1000

export class TokenEstimator {
  readonly #bytesPerToken = new Map<string, number>()

  /** Tokens of so many bytes, at least 1. */
  tokens(model: string, bytes: number): number {
    return Math.max(1, Math.ceil(bytes / (this.#bytesPerToken.get(model) ?? START_BYTES_PER_TOKEN)))
  }

  /** Moves the ratio towards what a provider reported. Small prompts teach nothing: their fixed parts weigh too much. */
  learn(model: string, bytes: number, tokens: number): void {
    if (tokens < 50 || bytes < 200) return
    const known = this.#bytesPerToken.get(model)
    if (known === undefined && this.#bytesPerToken.size >= MAX_MODELS) return
    const seen = Math.min(8, Math.max(1, bytes / tokens))
    this.#bytesPerToken.set(model, (known ?? START_BYTES_PER_TOKEN) * (1 - LEARNING_RATE) + seen * LEARNING_RATE)
  }
}
