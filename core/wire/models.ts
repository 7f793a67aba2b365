// Bodies of `GET /v1/models` and `/v1/models/{id}`, as OpenAI writes them. Which models a key may see is decided elsewhere.
import type { JsonObject } from '../model/value.ts'

export interface ListedModel {
  /** The display name: what clients send. */
  readonly name: string
  readonly ownedBy: string
  /** Unix seconds; one time for all models is enough for every client known. */
  readonly created: number
}

export function writeModels(models: readonly ListedModel[]): Buffer {
  return Buffer.from(JSON.stringify({ object: 'list', data: models.map(modelBody) }))
}

export function writeModel(model: ListedModel): Buffer {
  return Buffer.from(JSON.stringify(modelBody(model)))
}

function modelBody({ name, ownedBy, created }: ListedModel): JsonObject {
  return { id: name, object: 'model', created, owned_by: ownedBy }
}
