// Command deliver-messages sends the messages that the table's stream announces.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/boot/delivery"
	"cedula/shared/gateway"
)

func main() {
	gateway.StartStream(boot.Must(delivery.NewConsumer(boot.Environment())))
}
