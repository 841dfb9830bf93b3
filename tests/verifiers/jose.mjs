import { createRemoteJWKSet, jwtVerify } from "jose";

const issuer = process.env.JWT_ISSUER; // https://auth.example.com
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
const rules = { issuer, audience: "serverless-auth", algorithms: ["RS256"], requiredClaims: ["exp", "sub"] };

export async function verify(token) {
  const { payload } = await jwtVerify(token, keys, rules);
  return payload;
}
