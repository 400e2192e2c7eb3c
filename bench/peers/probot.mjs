// A whole Probot server with one handler that does nothing.
import { generateKeyPairSync } from "node:crypto";
import pino from "pino";
import { Probot, Server } from "probot";

const log = pino({ level: "silent" });
const pem = { type: "pkcs8", format: "pem" };
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: pem, publicKeyEncoding: { type: "spki", format: "pem" } });
const server = new Server({
  port: +process.env.PORT,
  host: "127.0.0.1",
  log,
  webhookPath: process.env.WEBHOOKS,
  Probot: Probot.defaults({ appId: 1, privateKey, secret: process.env.SECRET, log }),
});
await server.load((app) => app.on("push", async () => {}));
await server.start();
