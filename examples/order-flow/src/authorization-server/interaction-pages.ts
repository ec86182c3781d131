import express, { type Request, type Response, type Router } from 'express'
import type { InteractionResults } from 'oidc-provider'
import type { Provider } from './oidc-provider.ts'
import { accounts } from './policy.ts'

/** The login page and the consent page. */
export function interactionPages(provider: Provider): Router {
  const router = express.Router()

  router.get('/interaction/:uid', async (req, res) => {
    const interaction = await provider.interactionDetails(req, res)
    res.type('html').send(page(interaction))
  })

  router.post('/interaction/:uid', express.urlencoded({ extended: false }), async (req, res) => {
    const interaction = await provider.interactionDetails(req, res)
    const finish = interaction.prompt.name === 'login' ? logIn : consent
    await finish(provider, interaction, req, res)
  })

  return router
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

type Finish = (
  provider: Provider,
  interaction: Interaction,
  req: Request,
  res: Response,
) => Promise<void>

const logIn: Finish = async (provider, { uid }, req, res) => {
  const { login, password } = (req.body ?? {}) as Record<string, unknown>
  const accountId = String(login)
  const account = accounts.get(accountId)
  if (!account || account.password !== password) {
    res.redirect(303, `/interaction/${uid}`)
    return
  }
  const result: InteractionResults = { login: { accountId } }
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false })
}

const consent: Finish = async (provider, { session, params, prompt }, req, res) => {
  const grant = new provider.Grant({
    accountId: session?.accountId,
    clientId: String(params['client_id']),
  })
  const requested = requestedScopes(prompt.details)
  if (requested.openid.length > 0) grant.addOIDCScope(requested.openid)
  for (const [resource, scopes] of requested.resources) grant.addResourceScope(resource, scopes)
  const result: InteractionResults = { consent: { grantId: await grant.save() } }
  await provider.interactionFinished(req, res, result)
}

interface RequestedScopes {
  readonly openid: string[]
  readonly resources: [resource: string, scopes: string[]][]
}

/** Reads the scopes that the user has not granted yet from oidc-provider's consent prompt. */
function requestedScopes(details: Record<string, unknown>): RequestedScopes {
  const { missingOIDCScope, missingResourceScopes } = details as {
    missingOIDCScope?: string[]
    missingResourceScopes?: Record<string, string[]>
  }
  return {
    openid: missingOIDCScope ?? [],
    resources: Object.entries(missingResourceScopes ?? {}),
  }
}

function page({ uid, prompt, params }: Interaction): string {
  const fields = prompt.name === 'login' ? LOGIN_FIELDS : consentFields(prompt.details)
  const client = escapeHtml(String(params['client_id']))
  return `<!doctype html><title>Sign in</title>
<h1>${client}</h1>
<form method="post" action="/interaction/${uid}">
${fields}
<button>Continue</button>
</form>`
}

const LOGIN_FIELDS = `<label>User <input name="login"></label>
<label>Password <input name="password" type="password"></label>`

function consentFields(details: Record<string, unknown>): string {
  const { openid, resources } = requestedScopes(details)
  const scopes = [...openid, ...resources.flatMap(([, names]) => names)]
  return scopes
    .map((scope) => `<p data-scope="${escapeHtml(scope)}">${escapeHtml(scope)}</p>`)
    .join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char)
}
