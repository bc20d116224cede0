Console.WriteLine("Tracking.Actors load test");
