import { createPublicKey } from "node:crypto";
import jwt from "jsonwebtoken";

const issuer = process.env.JWT_ISSUER;
const { jwks_uri } = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const { keys } = await (await fetch(jwks_uri)).json();
const rules = { issuer, audience: "serverless-auth", algorithms: ["RS256"] };

export function verify(token) {
  const { kid } = jwt.decode(token, { complete: true }).header;
  const key = keys.find((key) => key.kid === kid);
  return jwt.verify(token, createPublicKey({ key, format: "jwk" }), rules);
}
