Console.WriteLine("Tracking.Actors");
