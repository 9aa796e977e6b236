// Command expire-pending deletes expired pending identities.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/boot/cleanup"
	"cedula/shared/gateway"
)

func main() {
	gateway.StartJob("expire-pending", boot.Must(cleanup.NewExpireJob(boot.Environment())))
}
