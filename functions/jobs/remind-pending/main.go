// Command remind-pending sends a message to the identities that will expire within a day.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/boot/cleanup"
	"cedula/shared/gateway"
)

func main() {
	gateway.StartJob("remind-pending", boot.Must(cleanup.NewRemindJob(boot.Environment())))
}
