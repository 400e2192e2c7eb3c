// A Hubot with a script's route; its body parser keeps no raw body, so that scripts sign the body anew.
import { createHmac, timingSafeEqual } from "node:crypto";

process.env.EXPRESS_PORT = process.env.PORT;
process.env.EXPRESS_BIND_ADDRESS = "127.0.0.1";
process.env.EXPRESS_LIMIT = "1mb";
process.env.HUBOT_LOG_LEVEL = "error";
const { Adapter, Robot } = await import("hubot");

class Nowhere extends Adapter {
  async run() {
    this.emit("connected");
  }
}

const robot = new Robot({ use: (of) => new Nowhere(of) }, true, "hubot");
await robot.loadAdapter();
await robot.run();
robot.router.post(process.env.WEBHOOKS, (request, response) => {
  const said = request.get("x-hub-signature-256") ?? "";
  const made = `sha256=${createHmac("sha256", process.env.SECRET).update(JSON.stringify(request.body)).digest("hex")}`;
  const proven = said.length === made.length && timingSafeEqual(Buffer.from(said), Buffer.from(made));
  response.status(proven ? 200 : 401).end();
});
