package strictjson_test

import (
	"errors"
	"fmt"

	"cedula/shared/strictjson"
)

func ExampleDecode() {
	var body struct {
		Name     string `json:"name"`
		Children []struct {
			Age int `json:"age"`
		} `json:"children"`
	}
	err := strictjson.Decode([]byte(`{"name": "Ana", "children": [{"age": "seven"}]}`), &body)
	fmt.Println(err)

	if invalid, ok := errors.AsType[*strictjson.Error](err); ok {
		fmt.Println(invalid.Field)
	}
	// Output:
	// children.0.age must be a whole number
	// children.0.age
}

func ExampleDecodeCaseInsensitive() {
	var body struct {
		Name string            `json:"name"`
		Tags strictjson.Array  `json:"tags"`
		Meta strictjson.Object `json:"meta"`
	}
	fmt.Println(strictjson.DecodeCaseInsensitive([]byte(`{"NAME": "Ana", "Tags": [1.10], "meta": null}`), &body))
	fmt.Println(body.Name, body.Tags, body.Meta)
	fmt.Println(strictjson.DecodeCaseInsensitive([]byte(`{"name": "Ana", "Name": "Eva"}`), &body))
	fmt.Println(strictjson.DecodeCaseInsensitive([]byte(`{"tags": {}}`), &body))
	// Output:
	// <nil>
	// Ana [1.10] null
	// Name occurs twice in its object
	// tags must be an array
}
