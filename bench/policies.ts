// Fifty policies of the kinds that a company writes: about regions, models, sizes, tags, zones, and content.

const KINDS: readonly ((n: number) => string)[] = [
  (n) => `policy bench.region_${n} "Contact data of region ${n} is noted" {
  on       request
  when     tenant.region == "region-${n}" and prompt contains std.email
  warn     "bench.contact_${n}"
}`,
  (n) => `policy bench.model_${n} "Model ${n} is closed" {
  severity high
  on       request
  when     request.model == "closed-${n}"
  deny     "bench.model_closed" "This model is closed."
}`,
  (n) => `policy bench.size_${n} "Long prompts of team ${n} are labelled" {
  on       request
  when     tenant.tags has "team-${n}" and request.tokens > ${n}000
  label    "long-${n}"
}`,
  (n) => `policy bench.zone_${n} "Data of team ${n} stays out of zone ${n}" {
  severity high
  on       target
  when     target.zone == "zone-${n}" and tenant.tags has "team-${n}"
  deny     "bench.zone_closed" "This team's data stays at home."
}`,
  (n) => `policy bench.answers_${n} "Credentials in answers to team ${n} are removed" {
  severity high
  on       response, stream
  when     completion contains std.${n % 2 === 0 ? 'api_key' : 'private_key'}
  redact   std.${n % 2 === 0 ? 'api_key' : 'private_key'} in completion
}`,
]

/** A policy file with `count` policies. */
export function benchPolicies(count = 50): string {
  const policies = Array.from({ length: count }, (_, i) => KINDS[i % KINDS.length]!(Math.floor(i / KINDS.length)))
  return ['module bench.company', 'import standard.detectors as std', '', ...policies, ''].join('\n')
}

export const ALLOW_ALL = `module bench.bare

policy bench.open "Everybody may do everything" {
  on       request
  allow
}
`
