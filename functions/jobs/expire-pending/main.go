// Command expire-pending deletes the identities that stayed pending past their time.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/boot/cleanup"
	"cedula/shared/gateway"
)

func main() {
	gateway.StartJob("expire-pending", boot.Must(cleanup.NewExpireJob(boot.Environment())))
}
