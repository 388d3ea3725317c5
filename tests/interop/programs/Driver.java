import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.List;
import javax.xml.ws.soap.SOAPFaultException;
import rum.RemoteUserManagementPortType;

/** Calls for JAX-WS, one a line, as Program in stacks.py writes them; answers go back the same way. */
public class Driver {
    static void serve(RemoteUserManagementPortType port) throws Exception {
        var input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            var reply = new ArrayList<String>();
            try {
                var answer = call(port, line.split("\t"));
                reply.add("answer");
                flat(answer, "", reply);
            } catch (SOAPFaultException error) {
                reply.add("fault");
                flat(error.getFault().getFaultCode(), "code", reply);
                flat(error.getFault().getFaultString(), "text", reply);
            } catch (Exception error) {
                reply.clear();
                reply.add("error");
                flat(error.toString(), "text", reply);
            }
            System.out.println(String.join("\t", reply));
        }
    }

    private static Object call(RemoteUserManagementPortType port, String[] fields) throws Exception {
        for (Method method : RemoteUserManagementPortType.class.getMethods()) {
            if (!method.getName().equalsIgnoreCase(fields[0])) continue;
            var request = method.getParameterTypes()[0].getConstructor().newInstance();
            for (int number = 1; number < fields.length; number++) {
                var field = fields[number].split("=", 2);
                put(request, field[0].split("\\."), 0, URLDecoder.decode(field[1], UTF_8));
            }
            try {
                return method.invoke(port, request);
            } catch (InvocationTargetException error) {
                throw (Exception) error.getCause();
            }
        }
        throw new IllegalArgumentException(fields[0]);
    }

    private static void put(Object into, String[] path, int at, String value) throws Exception {
        var field = into.getClass().getDeclaredField(path[at]);
        field.setAccessible(true);
        if (at == path.length - 1) {
            field.set(into, value);
            return;
        }
        boolean repeats = field.getType() == List.class;
        if (field.get(into) == null) {
            field.set(into, repeats ? new ArrayList<Object>() : made(field.getType()));
        }
        if (!repeats) {
            put(field.get(into), path, at + 1, value);
            return;
        }
        @SuppressWarnings("unchecked")
        var list = (List<Object>) field.get(into);
        int index = Integer.parseInt(path[at + 1]);
        if (index == list.size()) {
            list.add(made((Class<?>) ((ParameterizedType) field.getGenericType()).getActualTypeArguments()[0]));
        }
        put(list.get(index), path, at + 2, value);
    }

    private static Object made(Class<?> type) throws Exception {
        return type.getConstructor().newInstance();
    }

    private static void flat(Object value, String path, List<String> reply) throws Exception {
        if (value instanceof Boolean) {
            reply.add(path + "=b:" + value);
        } else if (value instanceof String) {
            reply.add(path + "=s:" + URLEncoder.encode((String) value, UTF_8).replace("+", "%20"));
        } else if (value instanceof List) {
            var list = (List<?>) value;
            for (int index = 0; index < list.size(); index++) flat(list.get(index), path + "." + index, reply);
        } else if (value != null) {
            for (Field field : value.getClass().getDeclaredFields()) {
                field.setAccessible(true);
                flat(field.get(value), path.isEmpty() ? field.getName() : path + "." + field.getName(), reply);
            }
        }
    }
}
