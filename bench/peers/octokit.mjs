// What @octokit/webhooks offers for node:http: checks GitHub's signature, parses, dispatches to nobody.
import { createServer } from "node:http";
import { createNodeMiddleware, Webhooks } from "@octokit/webhooks";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const webhooks = new Webhooks({ secret: process.env.SECRET, log: quiet });
webhooks.on("push", () => {});
createServer(createNodeMiddleware(webhooks, { path: process.env.WEBHOOKS, log: quiet })).listen(+process.env.PORT, "127.0.0.1");
