'use strict'

// Runs one node of the npm package with one plugin, and posts payloads to it, one after the other. Standard input is one
// line, {"key", "certificate", "plugin", "options", "payloads"}; standard output is one line: for each payload the answer
// and whether its message was queued.
// With {"key", "certificate", "relay"} the node passes messages on to a peer, and the output is what that peer received.
// With {"rewrite"} it only reads texts of JSON and writes them again.

// The package prints what it caught. Standard output is ours.
console.log = console.error

const https = require('https')
const readline = require('readline')

// The package takes no free port, so its server is bound where it is made.
const bound = new Promise(resolve => {
	const { createServer } = https
	https.createServer = (...options) => {
		const server = createServer(...options)
		const { listen } = server
		server.listen = () => listen.call(server, 0, '127.0.0.1', () => resolve(server.address().port))
		return server
	}
})

const post = (port, body) =>
	new Promise((resolve, reject) => {
		const headers = { 'content-length': Buffer.byteLength(body), 'content-type': 'application/json' }
		const options = { host: '127.0.0.1', port, method: 'POST', headers, rejectUnauthorized: false, agent: false }
		const request = https.request(options, answer => {
			const chunks = []
			answer.on('data', chunk => chunks.push(chunk))
			answer.on('end', () => resolve({ status: answer.statusCode, body: Buffer.concat(chunks).toString() }))
		})
		request.on('error', reject).end(body)
	})

const answer = async ({ key, certificate, plugin, options, payloads }) => {
	const node = require('clacks-p2p')(key, certificate, { hostname: 'localhost', sendrate: 0.001 })
	node.extend(require(plugin)(options))
	const port = await bound
	const answers = []
	for (const payload of payloads) {
		// The logger overwrites what it wrote within the same millisecond.
		for (const start = Date.now(); Date.now() === start; ) await new Promise(setImmediate)
		const before = node.peek().length
		const answered = await post(port, payload)
		answers.push({ ...answered, queued: node.peek().length - before })
	}
	return answers
}

const relay = async ({ key, certificate, relay }) => {
	const node = require('clacks-p2p')(key, certificate, { hostname: 'localhost', sendrate: 100 })
	const port = await bound
	const received = []
	let isComplete
	const complete = new Promise(resolve => (isComplete = resolve))
	const peer = https.Server({ key, cert: certificate }, (request, answer) => {
		const chunks = []
		request.on('data', chunk => chunks.push(chunk))
		request.on('end', () => {
			received.push(Buffer.concat(chunks).toString())
			answer.end()
			if (received.length === relay.length) isComplete()
		})
	})
	await new Promise(resolve => peer.listen(0, '127.0.0.1', resolve))
	const sender = JSON.stringify({ hostname: '127.0.0.1', port: peer.address().port })
	for (const message of relay) await post(port, `{"message":${message},"type":"message","sender":${sender}}`)
	await complete
	return received
}

const run = task => {
	if (task.rewrite) return task.rewrite.map(text => JSON.stringify(JSON.parse(text)))
	return task.relay ? relay(task) : answer(task)
}

// A message that gets lost would be waited for without end.
setTimeout(() => process.exit(1), 120_000).unref()

readline.createInterface({ input: process.stdin }).once('line', async line => {
	const result = await run(JSON.parse(line))
	process.stdout.write(JSON.stringify(result) + '\n', () => process.exit())
})
