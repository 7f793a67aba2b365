// Which models a request means: a name, `auto`, or a feature's model with the chain that may stand in for it.
import { GatewayError, nearest, type Directory, type ExchangeView, type Feature, type Model } from '../../core/plugin/index.ts'

/** The models to try, in order; at least one, all active. An error when there is none. */
export function resolveModels(view: ExchangeView): readonly Model[] | GatewayError {
  const { directory, feature, request } = view
  if (request.model === 'auto') return resolveAuto(directory, feature)
  const named = directory.models.get(request.model)
  if (named === undefined || !named.active)
    return notFound(`No active model has the name \`${shorten(request.model)}\`.${didYouMean(view)}`)
  return feature?.model === named.name ? chainOf(directory, feature) : [named]
}

export function firstActive(directory: Directory, secure: boolean): Model | null {
  for (const model of directory.models.values()) if (model.active && model.secure === secure) return model
  return null
}

function resolveAuto(directory: Directory, feature: Feature | null): readonly Model[] | GatewayError {
  if (feature !== null && feature.model !== null) {
    const chain = chainOf(directory, feature)
    return chain.length > 0 ? chain : notFound(`The feature \`${feature.name}\` has no active model.`)
  }
  const first = firstActive(directory, false)
  return first === null ? notFound('There is no active regular model that `auto` could mean.') : [first]
}

function chainOf(directory: Directory, feature: Feature): readonly Model[] {
  const names = new Set([feature.model, ...feature.fallback])
  return [...names].flatMap((name) => (name === null ? [] : (directory.models.get(name) ?? []))).filter((model) => model.active)
}

/** Only what this key and this feature may use: the names of other models are none of the caller's business. */
function didYouMean({ directory, feature, principal, request }: ExchangeView): string {
  const names: string[] = []
  for (const { name, active } of directory.models.values()) {
    if (active && (principal.models?.includes(name) ?? true) && (feature?.models?.includes(name) ?? true)) names.push(name)
  }
  const meant = nearest(request.model, names)
  return meant === null ? '' : ` Did you mean \`${meant}\`?`
}

function notFound(message: string): GatewayError {
  return new GatewayError('model_not_found', { message, param: 'model' })
}

function shorten(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name
}
