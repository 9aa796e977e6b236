// Command deliver-messages sends the messages that the table's stream tells of.
package main

import (
	"cedula/shared/boot/delivery"
	"cedula/shared/gateway"
)

func main() {
	c := delivery.Dispatcher()
	gateway.StartStream(c.Deliver)
}
