import { JwtVerifier } from "aws-jwt-verify";

const issuer = process.env.JWT_ISSUER; // https://auth.example.com
const verifier = JwtVerifier.create({
  issuer,
  audience: "serverless-auth",
  jwksUri: `${issuer}/.well-known/jwks.json`,
});

export function verify(token) {
  return verifier.verify(token);
}
