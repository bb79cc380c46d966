'use strict'

// Runs one node of the npm package. Each line on standard input is a command, {"do": …}; each line on standard output
// tells what happened, {"event": …}. It ends with its standard input, so that it never outlives the test.

// The package prints what it caught. Standard output is ours.
console.log = console.error

const https = require('https')
const readline = require('readline')
const Clacks = require('clacks-p2p')

let node
let requestsUnderWay = 0
let onIdle = () => {}

const tell = (event, fields) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n')

// The package hands out neither its server nor its requests, so they are watched where it makes them.
const { createServer, request } = https
https.createServer = (...options) => createServer(...options).once('listening', () => tell('ready'))
https.request = (...options) => {
	requestsUnderWay += 1
	return request(...options).once('close', () => {
		requestsUnderWay -= 1
		onIdle()
	})
}

const commands = {
	start({ key, certificate, options }) {
		node = Clacks(key, certificate, options)
		// Spelled so in the package.
		node.onMessageRecieved(({ message, sender }) => tell('received', { message, sender }))
		node.onMessageQueued(message => tell('queued', { message }))
		node.onPeerDiscovered(peer => tell('discovered', { peer }))
		node.onPeerUpdated(peer => tell('updated', { peer }))
	},
	enqueue({ message }) {
		node.enqueue(message)
	},
	announce({ hostname, port }) {
		node.announce(hostname, port)
	},
	addPeer({ hostname, port }) {
		node.addPeer(hostname, port)
	},
	peer({ identifier }) {
		tell('peer', { peer: node.getPeer(identifier) ?? null })
	},
	peers() {
		tell('peers', { peers: Object.values(node.getPeers()).flatMap(Object.values) })
	},
	queue() {
		tell('queue', { messages: node.peek() })
	},
	// Ends the process over the next payload, before it is answered.
	dieOverNext() {
		node.extend(() => process.kill(process.pid, 'SIGKILL'))
	},
	// Sends nothing more. Told once nothing is on its way either.
	hold() {
		node.isEmpty = () => true
		onIdle = () => {
			if (requestsUnderWay > 0) return
			onIdle = () => {}
			tell('held')
		}
		onIdle()
	}
}

readline
	.createInterface({ input: process.stdin })
	.on('line', line => {
		const command = JSON.parse(line)
		commands[command.do](command)
	})
	.on('close', () => process.exit())
