// Bolt's own receiver: checks Slack's signature, parses, acknowledges; its middleware for events is left out.
import bolt from "@slack/bolt";

const receiver = new bolt.HTTPReceiver({ signingSecret: process.env.SECRET, endpoints: [process.env.WEBHOOKS], logLevel: "error" });
const app = new bolt.App({ receiver, authorize: async () => ({ botToken: "xoxb-1" }), logLevel: "error" });
app.processEvent = async (event) => event.ack();
await receiver.start({ port: +process.env.PORT, host: "127.0.0.1" });
