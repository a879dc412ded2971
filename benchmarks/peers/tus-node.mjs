// @tus/server with its S3 store, as its README sets it up: PORT ENDPOINT BUCKET REGION.
import { Server } from '@tus/server'
import { S3Store } from '@tus/s3-store'

const [port, endpoint, bucket, region] = process.argv.slice(2)
const datastore = new S3Store({
  s3ClientConfig: { bucket, endpoint, region, forcePathStyle: true },
})
const server = new Server({ path: '/files', datastore })
server.listen({ host: '127.0.0.1', port: Number(port) }, () => console.log('ready'))
