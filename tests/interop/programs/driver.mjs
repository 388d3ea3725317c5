// Calls for node's soap, one a line, as Program in stacks.py writes them; answers go back the same way.
import readline from "node:readline";

export async function serve(client) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [operation, ...fields] = line.split("\t");
    const request = {};
    for (const field of fields) {
      const at = field.indexOf("=");
      put(request, field.slice(0, at).split("."), decodeURIComponent(field.slice(at + 1)));
    }
    console.log((await reply(client, operation, request)).join("\t"));
  }
}

async function reply(client, operation, request) {
  try {
    const [answer] = await client[operation + "Async"](request);
    return ["answer", ...flat(answer, "")];
  } catch (error) {
    const fault = error.root?.Envelope?.Body?.Fault;
    if (!fault) return ["error", ...flat({ text: String(error) }, "")];
    const code = fault.faultcode ?? fault.Code.Value;
    const text = fault.faultstring ?? fault.Reason.Text.$value;
    return ["fault", ...flat({ code, text }, "")];
  }
}

function put(into, path, value) {
  const [name, ...rest] = path;
  if (rest.length === 0) into[name] = value;
  else put((into[name] ??= rest[0] === "0" ? [] : {}), rest, value);
}

function flat(value, path) {
  if (value === null || value === undefined) return [];
  if (typeof value === "boolean") return [`${path}=b:${value}`];
  if (typeof value === "string") return [`${path}=s:${encodeURIComponent(value)}`];
  return Object.entries(value).flatMap(([name, child]) => flat(child, path ? `${path}.${name}` : name));
}
