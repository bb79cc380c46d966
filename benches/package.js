'use strict'

// A node of the npm package, for the benchmarks: says where it listens, does what the lines on standard input say, and
// ends with it.

// The package prints what it caught. Standard output is ours.
console.log = console.error
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'

const https = require('https')
const readline = require('readline')
const Clacks = require('clacks-p2p')

const { createServer } = https
const port = Number(process.env.PORT)
https.createServer = (...options) =>
	createServer(...options).once('listening', () => process.stdout.write(`127.0.0.1:${port}\n`))

const sendrate = Number(process.env.RATE ?? 0.001)
const node = Clacks(process.env.KEY, process.env.CERTIFICATE, { hostname: '127.0.0.1', port, sendrate })

const commands = {
	peer(address) {
		const [hostname, port] = address.split(':')
		node.addPeer(hostname, Number(port))
	},
	messages(count) {
		for (let number = 0; number < Number(count); number++) node.enqueue(String(number).padStart(62, '0'))
	},
}

readline
	.createInterface({ input: process.stdin })
	.on('line', line => {
		const [name, argument] = line.split(' ')
		commands[name]?.(argument)
	})
	.on('close', () => process.exit(0))
