// Command expire-pending removes the identities that stayed pending past their time.
package main

import (
	"cedula/shared/boot/cleaners"
	"cedula/shared/gateway"
)

func main() {
	expire := cleaners.Expire()
	gateway.StartJob("expire-pending", expire)
}
