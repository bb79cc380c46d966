'use strict'

// Runs one node of the npm package. Each line on standard input is a command, {"do": …}; each line on standard output
// tells what happened, {"event": …}. It ends with its standard input, so that it never outlives the test.

const readline = require('readline')
const peercloud = require('peercloud')

let node
let client
let listed

const tell = (event, fields) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n')

const list = () => node.peers.map(({ id, data }) => ({ id, name: data.name }))

// The package has no events, so its list is compared a hundred times a second.
const watch = () => {
	const now = JSON.stringify(list())
	if (now === listed) return
	listed = now
	tell('listed', { peers: list() })
}

const handlers = {
	echo: (body, reply) => reply(null, body),
	silent: () => {}
}

const commands = {
	start({ port, peers, data, handler }) {
		const onmessage = ({ name }, body, reply) => {
			tell('received', { from: name, body })
			handlers[handler](body, reply)
		}
		node = peercloud({ port, peers, data, onmessage }, (error, started) => {
			if (error) return tell('failed', { code: error.code })
			client = started
			setInterval(watch, 10)
			tell('ready', { id: node.id })
		})
	},
	peers() {
		tell('listed', { peers: list() })
	},
	// The results come as an error if a single one is one.
	send({ body }) {
		client.send(body, (errors, results) => tell('replies', { replies: errors || results }))
	},
	close() {
		client.close()
	}
}

readline
	.createInterface({ input: process.stdin })
	.on('line', line => {
		const command = JSON.parse(line)
		commands[command.do](command)
	})
	.on('close', () => process.exit())
