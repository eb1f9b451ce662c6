// A provider of OpenID Connect for tests: the library's own server, its sign-in and consent pages included.
// Prints its address when it serves. `POST /rotate` gives it another signing key.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const REDIRECT = "https://card.school.example/sign-in/back";
const EMAILS = { 86729001: ["86729001", true], 86729000: ["86729000", false] };

function signingKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
}

function provider(issuer) {
  const client = { redirect_uris: [REDIRECT], response_types: ["code"], grant_types: ["authorization_code"] };
  const made = new Provider(issuer, {
    clients: [
      { ...client, client_id: "card", client_secret: "a secret: 100% & more+" },
      { ...client, client_id: "open card", token_endpoint_auth_method: "none" },
    ],
    claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
    cookies: { keys: [randomUUID()] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        preferred_username: id === "nameless" ? undefined : id,
        email: EMAILS[id]?.[0],
        email_verified: EMAILS[id]?.[1],
      }),
    }),
    jwks: { keys: [signingKey()] },
    pkce: { required: () => true },
  });
  return made.callback();
}

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let serve = provider(issuer);
  server.on("request", (request, response) => {
    if (request.method === "POST" && request.url === "/rotate") {
      serve = provider(issuer);
      response.end();
    } else {
      serve(request, response);
    }
  });
  console.log(issuer);
});
process.stdin.on("end", () => process.exit(0)).resume();
