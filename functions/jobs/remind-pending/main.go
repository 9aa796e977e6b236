// Command remind-pending sends a message to the identities that will lapse in a day.
package main

import (
	"cedula/shared/boot/cleanup"
	"cedula/shared/gateway"
)

func main() {
	remind := cleanup.Remind()
	gateway.StartJob("remind-pending", remind)
}
