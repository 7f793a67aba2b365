// Bodies of `GET /v1/models` and `/v1/models/{id}`, as OpenAI writes them. Which models a key may see is decided elsewhere.
import type { JsonObject } from '../model/value.ts'

/** The field must be there for the SDKs; when a model of ours was made means nothing, so it is the same for all (Unix seconds). */
const CREATED = 1_767_225_600

/** The list of models by display name. */
export function modelListBody(names: readonly string[]): JsonObject {
  return { object: 'list', data: names.map(modelBody) }
}

export function modelBody(name: string): JsonObject {
  return { id: name, object: 'model', created: CREATED, owned_by: 'sallyport' }
}
