'use strict'

// A node of the npm package, for the benchmark: says where it listens, broadcasts as often as a line on standard input says,
// and ends with it.

const readline = require('readline')
const peercloud = require('peercloud')

const port = Number(process.env.PORT)
const onmessage = (from, body, reply) => reply(null, body)

peercloud({ port, onmessage }, (error, client) => {
	if (error) throw new Error(error.code)
	process.stdout.write(`127.0.0.1:${port}\n`)
	const broadcast = count => {
		if (count === 0) return process.stdout.write('sent\n')
		client.send({ text: process.env.TEXT }, failed => {
			if (failed) throw new Error(JSON.stringify(failed))
			broadcast(count - 1)
		})
	}
	readline
		.createInterface({ input: process.stdin })
		.on('line', line => broadcast(Number(line)))
		.on('close', () => process.exit(0))
})
