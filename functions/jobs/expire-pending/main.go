// Command expire-pending removes the identities that stayed pending past their time.
package main

import (
	"cedula/shared/boot/cleanup"
	"cedula/shared/gateway"
)

func main() {
	expire := cleanup.Expire()
	gateway.StartJob("expire-pending", expire)
}
