// Public forms of keys and numbers, from the documentation of who issues them, and the places where people write them down. A seeded generator
// fills them, so that the detectors are measured on text which nobody fitted them to.

/** Deterministic: the same seed gives the same values. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => this.below(10)).join('')
  }

  /** Fills `hex:8`, `up:3` and the like between braces: `ghp_{an:36}`. */
  fill(form: string): string {
    return form.replace(/\{(\w+):(\d+)\}/g, (_, set: string, count: string) =>
      Array.from({ length: Number(count) }, () => this.pick([...ALPHABETS[set]!])).join(''),
    )
  }
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOWER = UPPER.toLowerCase()
const DIGITS = '0123456789'
const ALPHABETS: { readonly [set: string]: string } = {
  hex: '0123456789abcdef',
  d: DIGITS,
  up: UPPER,
  ud: UPPER + DIGITS,
  ld: LOWER + DIGITS,
  an: UPPER + LOWER + DIGITS,
  url: `${UPPER}${LOWER}${DIGITS}-_`,
  b32: `${UPPER}234567`,
}
const UUID = '{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}'

/** Keys that only the name of their issuer tells: label, name, form. */
export const NAMED: readonly (readonly [label: string, name: string, form: string])[] = [
  ['algolia-api-key', 'algolia', '{ld:32}'],
  ['asana-client-secret', 'asana', '{ld:32}'],
  ['bitbucket-client-id', 'bitbucket', '{ld:32}'],
  ['cisco-meraki-api-key', 'meraki', '{hex:40}'],
  ['cloudflare-api-key', 'cloudflare', '{url:40}'],
  ['codecov-access-token', 'codecov', '{ld:32}'],
  ['confluent-secret-key', 'confluent', '{ld:64}'],
  ['contentful-delivery-api-token', 'contentful', '{url:43}'],
  ['datadog-access-token', 'datadog', '{ld:40}'],
  ['discord-api-token', 'discord', '{hex:64}'],
  ['etsy-access-token', 'etsy', '{ld:24}'],
  ['finnhub-access-token', 'finnhub', '{ld:20}'],
  ['heroku-api-key', 'heroku', UUID],
  ['hubspot-api-key', 'hubspot', UUID],
  ['jfrog-identity-token', 'artifactory', '{ld:64}'],
  ['launchdarkly-access-token', 'launchdarkly', '{url:40}'],
  ['linkedin-client-secret', 'linkedin', '{ld:16}'],
  ['mattermost-access-token', 'mattermost', '{ld:26}'],
  ['netlify-access-token', 'netlify', '{url:42}'],
  ['okta-access-token', 'okta', '00{url:40}'],
  ['plaid-secret-key', 'plaid', '{ld:30}'],
  ['sendbird-access-token', 'sendbird', '{hex:40}'],
  ['snyk-api-token', 'snyk', UUID],
  ['sumologic-access-token', 'sumologic', '{an:64}'],
  ['travisci-access-token', 'travis', '{ld:22}'],
  ['zendesk-secret-key', 'zendesk', '{ld:40}'],
]

/** Keys that say themselves what they are. */
export const PREFIXED: readonly (readonly [label: string, form: string])[] = [
  ['anthropic-api-key', 'sk-ant-api03-{url:93}AA'],
  ['aws-access-token', 'AKIA{b32:16}'],
  ['clojars-api-token', 'CLOJARS_{ld:60}'],
  ['databricks-api-token', 'dapi{hex:32}'],
  ['digitalocean-pat', 'dop_v1_{hex:64}'],
  ['doppler-api-token', 'dp.pt.{ld:43}'],
  ['github-pat', 'ghp_{an:36}'],
  ['gitlab-pat', 'glpat-{an:20}'],
  ['grafana-service-account-token', 'glsa_{an:32}_{hex:8}'],
  ['linear-api-key', 'lin_api_{ld:40}'],
  ['npm-access-token', 'npm_{an:36}'],
  ['postman-api-token', 'PMAK-{hex:24}-{hex:34}'],
  ['pulumi-api-token', 'pul-{hex:40}'],
  ['rubygems-api-token', 'rubygems_{hex:48}'],
  ['sendgrid-api-token', 'SG.{an:22}.{an:43}'],
  ['shopify-access-token', 'shpat_{hex:32}'],
  ['slack-bot-token', 'xoxb-{d:12}-{d:12}-{an:24}'],
  ['stripe-access-token', 'sk_live_{an:24}'],
  ['twilio-api-key', 'SK{hex:32}'],
]

type Written = (name: string, value: string) => string

/** How a name and a value stand in files, code, commands and talk. */
export const ASSIGNMENTS: readonly Written[] = [
  (name, value) => `${name}_api_key = "${value}"`,
  (name, value) => `export ${name.toUpperCase()}_TOKEN='${value}'`,
  (name, value) => `${name.toUpperCase()}_SECRET=${value}\nDEBUG=1`,
  (name, value) => `ENV ${name.toUpperCase()}_TOKEN ${value}`,
  (name, value) => `${name}:\n  api_token: ${value}\n`,
  (name, value) => `[${name}]\nsecret_key = ${value}\n`,
  (name, value) => `- name: ${name.toUpperCase()}_API_KEY\n  value: "${value}"`,
  (name, value) => `{"${name}Token":"${value}"}`,
  (name, value) => `"{\\"${name}_secret\\": \\"${value}\\"}"`,
  (name, value) => `const ${name}Key = '${value}';`,
  (name, value) => `${name}Key?: string = '${value}',`,
  (name, value) => `let ${name}_token: &str = "${value}";`,
  (name, value) => `val ${name}Secret: String = "${value}"`,
  (name, value) => `${name}Token := \`${value}\``,
  (name, value) => `:${name}_secret => "${value}",`,
  (name, value) => `$this->${name}Key = "${value}";`,
  (name, value) => `os.getenv("${name.toUpperCase()}_KEY", "${value}")`,
  (name, value) => `process.env.${name.toUpperCase()}_KEY || '${value}'`,
  (name, value) => `set_${name}_token("${value}")`,
  (name, value) => `tool --${name}-token ${value} run`,
  (name, value) => `https://api.example.com/v1?${name}_key=${value}&page=2`,
  (name, value) => `<${name}Token>\n    ${value}\n</${name}Token>`,
  (name, value) => `| ${name} token | ${value} |`,
  (name, value) => `the ${name} secret is ${value}, keep it`,
]

/** What stands where a secret would, of about that length. */
export const FILLERS: readonly ((length: number, name: string) => string)[] = [
  (length) => 'x'.repeat(length),
  (length) => '0'.repeat(length),
  (length) => 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(4).slice(0, length),
  (length) => '1234567890'.repeat(10).slice(0, length),
  (_, name) => `your-${name}-api-key`,
  (_, name) => `<your ${name} token>`,
  (_, name) => `\${${name.toUpperCase()}_KEY}`,
  (_, name) => `{{ .Values.${name}.token }}`,
  (_, name) => `process.env.${name.toUpperCase()}_API_KEY`,
  (_, name) => `vault:secret/data/${name}#token`,
  () => 'production-database-cluster',
  () => 'DefaultCredentialsProvider',
  () => '/var/run/secrets/kubernetes.io/serviceaccount/token',
  () => 'changeme',
  () => 'secret123',
  () => 'replace-with-your-key',
  () => 'generate-with-openssl-rand-hex-32',
  () => 'os.environ["SERVICE_KEY"]',
  () => 'this.options.clientSecret',
  () => '[REDACTED]',
]

/** How a number stands behind the word for it. */
export const MENTIONS: readonly Written[] = [
  (name, value) => `${name}: ${value}`,
  (name, value) => `${name}\n${value}`,
  (name, value) => `my ${name} is ${value}.`,
  (name, value) => `${name.toUpperCase()}: ${value}`,
  (name, value) => `{"${name.replaceAll(' ', '_').toLowerCase()}": "${value}"}`,
  (name, value) => `| ${name} | ${value} |`,
  (name, value) => `${name} (${value})`,
  (name, value) => `<${name.replaceAll(' ', '')}>${value}</${name.replaceAll(' ', '')}>`,
  (name, value) => `${name} - ${value}, thanks`,
]
